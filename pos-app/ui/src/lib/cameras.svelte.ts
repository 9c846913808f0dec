/** Whether a camera hangs on this machine. Nothing is asked of it before somebody wants it. */

class Cameras {
  isThere = $state(false);

  /** Looks now and whenever something is plugged in. Answers how to stop. */
  watch(): () => void {
    // Absent in windows that may not have one.
    const media = navigator.mediaDevices as MediaDevices | undefined;
    if (media === undefined) return () => {};
    const look = () =>
      void media.enumerateDevices().then(
        (all) => (this.isThere = all.some((one) => one.kind === "videoinput")),
        () => (this.isThere = false),
      );
    look();
    media.addEventListener("devicechange", look);
    return () => media.removeEventListener("devicechange", look);
  }
}

export const cameras = new Cameras();

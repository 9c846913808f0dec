/** Whether this till makes itself heard, and how. */

import { Speaker, type Sound } from "./sounds";

const REMEMBERED = "barra.sound";

class SoundSwitch {
  isOn = $state(remembered());
  private readonly speaker = new Speaker();

  play(sound: Sound): void {
    if (this.isOn) this.speaker.play(sound);
  }

  toggle(): void {
    this.isOn = !this.isOn;
    // The proof that it works is to hear it.
    this.play("ok");
    try {
      localStorage.setItem(REMEMBERED, this.isOn ? "on" : "off");
    } catch {
      // A window without storage forgets at the next start.
    }
  }
}

function remembered(): boolean {
  try {
    return localStorage.getItem(REMEMBERED) !== "off";
  } catch {
    return true;
  }
}

export const sound = new SoundSwitch();

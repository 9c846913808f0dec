/** Whether this is a small till screen, where tiles and lines are fewer. */

const QUERY = "(max-width: 1100px), (max-height: 640px)";

class Screen {
  isSmall = $state(false);

  constructor() {
    if (typeof window === "undefined" || typeof window.matchMedia !== "function") return;
    const query = window.matchMedia(QUERY);
    this.isSmall = query.matches;
    query.addEventListener("change", () => (this.isSmall = query.matches));
  }
}

export const screen = new Screen();

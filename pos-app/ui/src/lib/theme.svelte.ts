/** Dark for the night, light for the bright shop. */

const REMEMBERED = "barra.theme";

class Theme {
  isLight = $state(remembered());

  constructor() {
    this.show();
  }

  toggle(): void {
    this.isLight = !this.isLight;
    this.show();
    try {
      localStorage.setItem(REMEMBERED, this.isLight ? "light" : "dark");
    } catch {
      // A window without storage forgets at the next start.
    }
  }

  private show(): void {
    document.documentElement.dataset.theme = this.isLight ? "light" : "dark";
  }
}

function remembered(): boolean {
  try {
    return localStorage.getItem(REMEMBERED) === "light";
  } catch {
    return false;
  }
}

export const theme = new Theme();

/** Colours: the system's choice, unless the page was asked for others. */
export type Theme = "dark" | "light";

const LIGHT_QUERY = "(prefers-color-scheme: light)";

/** From now on these colours, whatever the system prefers. */
export function chooseTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) {
      // The light colours are written once, in the block for systems that prefer them.
      if (rule instanceof CSSMediaRule && rule.conditionText === LIGHT_QUERY) {
        rule.media.mediaText = theme === "light" ? "all" : "not all";
      }
    }
  }
}

/** The colours of now. */
export function currentTheme(): Theme {
  const { theme } = document.documentElement.dataset;
  if (theme === "dark" || theme === "light") return theme;
  return matchMedia(LIGHT_QUERY).matches ? "light" : "dark";
}

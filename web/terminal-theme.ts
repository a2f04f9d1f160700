import type { ITheme } from "@xterm/xterm";
import { currentTheme } from "./theme.ts";

const DARK: ITheme = {
  background: "#0d1016",
  foreground: "#dfe3ea",
  cursor: "#eda566",
  cursorAccent: "#0d1016",
  selectionBackground: "#3a4a63",
  selectionInactiveBackground: "#2b3646",
  black: "#2a3140",
  red: "#ff7b72",
  green: "#6bd49a",
  yellow: "#f0c05a",
  blue: "#75b4ff",
  magenta: "#d59bff",
  cyan: "#5fd0d8",
  white: "#c8cfda",
  brightBlack: "#7b8698",
  brightRed: "#ff9c94",
  brightGreen: "#8fe3b3",
  brightYellow: "#f7d488",
  brightBlue: "#9ccaff",
  brightMagenta: "#e3bcff",
  brightCyan: "#90e2e7",
  brightWhite: "#ffffff",
};

const LIGHT: ITheme = {
  background: "#fcfbf9",
  foreground: "#22262d",
  cursor: "#99500f",
  cursorAccent: "#fcfbf9",
  selectionBackground: "#cfe0f5",
  selectionInactiveBackground: "#e3e3e0",
  black: "#22262d",
  red: "#b0251c",
  green: "#17753f",
  yellow: "#855600",
  blue: "#1d5fb0",
  magenta: "#8430a3",
  cyan: "#0d6c78",
  white: "#6a7079",
  brightBlack: "#5a616c",
  brightRed: "#c8352a",
  brightGreen: "#1d8a4c",
  brightYellow: "#986300",
  brightBlue: "#2a72c9",
  brightMagenta: "#9a45ba",
  brightCyan: "#137f8d",
  brightWhite: "#3b4048",
};

/** The terminal's colours of now. */
export function terminalTheme(): ITheme {
  return currentTheme() === "light" ? LIGHT : DARK;
}

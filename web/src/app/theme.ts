import { createTheme, type Theme } from "@mui/material/styles";

declare module "@mui/material/styles" {
  interface CssThemeVariables {
    enabled: true;
  }
}

/** Light and dark in one theme; the browser's wish decides until a person does. */
export const theme: Theme = createTheme({
  cssVariables: { colorSchemeSelector: "class", nativeColor: false },
  colorSchemes: {
    light: {
      palette: {
        primary: { main: "#1f5fbf" },
        background: { default: "#f5f6f8" },
        success: { main: "#1b7037" },
        error: { main: "#b3261e" },
        warning: { main: "#8a5300" },
        text: { secondary: "#565d66" },
      },
    },
    dark: {
      palette: {
        primary: { main: "#8ab4f8" },
        background: { default: "#14171b", paper: "#1d2126" },
        success: { main: "#7fd49a" },
        error: { main: "#ff8f85" },
        warning: { main: "#f0b35c" },
        text: { secondary: "#aab2bd" },
      },
    },
  },
  shape: { borderRadius: 10 },
  typography: {
    fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
    h1: { fontSize: "1.6rem", fontWeight: 650 },
    h2: { fontSize: "1.1rem", fontWeight: 650 },
    h3: { fontSize: "1rem", fontWeight: 600 },
    button: { textTransform: "none" },
  },
  components: {
    MuiCard: { defaultProps: { variant: "outlined" } },
    MuiLink: { defaultProps: { underline: "hover" } },
  },
});

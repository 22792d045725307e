/**
 * Lighthouse on a page of a browser that runs already: node measure.js PORT ADDRESS. Prints what was measured as JSON.
 *
 * The browser's profile is left alone, so whoever signed in stays signed in.
 */
import lighthouse from "lighthouse";

const [port, address] = process.argv.slice(2);
const { lhr } = await lighthouse(address, {
  port: Number(port),
  output: "json",
  logLevel: "error",
  onlyCategories: ["performance", "accessibility"],
  disableStorageReset: true,
  formFactor: "desktop",
  screenEmulation: { mobile: false, width: 1350, height: 940, deviceScaleFactor: 1, disabled: false },
  throttlingMethod: "provided",
});
const of = (name) => lhr.audits[name]?.numericValue ?? null;
const scripts = (lhr.audits["network-requests"]?.details?.items ?? []).filter((each) => each.resourceType === "Script");
console.log(
  JSON.stringify({
    performance: lhr.categories.performance.score,
    accessibility: lhr.categories.accessibility.score,
    first_paint_ms: of("first-contentful-paint"),
    largest_paint_ms: of("largest-contentful-paint"),
    blocked_ms: of("total-blocking-time"),
    interactive_ms: of("interactive"),
    layout_shift: of("cumulative-layout-shift"),
    script_bytes: scripts.reduce((sum, each) => sum + each.transferSize, 0),
  }),
);

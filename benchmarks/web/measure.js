/**
 * Lighthouse on a page of a browser that runs already: node measure.js PORT ADDRESS. Prints what was measured as JSON.
 *
 * The browser's profile is left alone, so whoever signed in stays signed in. Scripts then come from the service worker, and
 * count as nothing; so each is asked for again, and counted as it comes over the wire at a first visit.
 */
import { get } from "node:http";
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
const items = lhr.audits["network-requests"]?.details?.items ?? [];
const scripts = [...new Set(items.filter((each) => each.resourceType === "Script").map((each) => each.url))];
const sizes = await Promise.all(scripts.map(compressed));

function compressed(url) {
  return new Promise((resolve, reject) => {
    get(url, { headers: { "accept-encoding": "gzip" } }, (answer) => {
      let bytes = 0;
      answer.on("data", (piece) => (bytes += piece.length)).on("end", () => resolve(bytes));
    }).on("error", reject);
  });
}

console.log(
  JSON.stringify({
    performance: lhr.categories.performance.score,
    accessibility: lhr.categories.accessibility.score,
    first_paint_ms: of("first-contentful-paint"),
    largest_paint_ms: of("largest-contentful-paint"),
    // How long the page may leave a first click or key unanswered, at worst, is `input_delay_ms`.
    blocked_ms: of("total-blocking-time"),
    interactive_ms: of("interactive"),
    input_delay_ms: of("max-potential-fid"),
    layout_shift: of("cumulative-layout-shift"),
    script_bytes: sizes.reduce((sum, each) => sum + each, 0),
  }),
);

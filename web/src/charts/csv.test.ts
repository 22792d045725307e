import { describe, expect, it } from "vitest";
import { toCsv } from "./csv";

describe("toCsv", () => {
  it("quotes what has commas, quotes and line ends", () => {
    expect(
      toCsv({
        header: ["a", "b"],
        rows: [
          ['say "x"', "1,2"],
          ["two\nlines", null],
        ],
      }),
    ).toBe('a,b\r\n"say ""x""","1,2"\r\n"two\nlines",');
  });

  it("keeps a spreadsheet from running a text as a formula", () => {
    expect(toCsv({ header: ["id"], rows: [["=1+1"], ["@sum"], [-3]] })).toBe("id\r\n'=1+1\r\n'@sum\r\n-3");
  });
});

import i18next from "i18next";
import { beforeAll, describe, expect, it } from "vitest";
import en from "./en.json";
import { formatIn } from "./index";
import ru from "./ru.json";
import { type Told, toldIn } from "./told";

const VERDICT: Told[] = [
  { code: "gate.not_promoted", parameters: {} },
  { code: "gate.auc_of_champion", parameters: { auc: "0.857", theirs: "0.805", users: "1,234" } },
  { code: "gate.unreadable", parameters: {} },
];

beforeAll(() =>
  i18next.init({
    lng: "en",
    resources: { en: { translation: en }, ru: { translation: ru } },
    interpolation: { escapeValue: false },
  }),
);

function said(parts: Told[], language: string) {
  return toldIn(parts, i18next.getFixedT(language), formatIn(language));
}

describe("toldIn", () => {
  it("puts parts together, with figures as the language writes them", () => {
    expect(said(VERDICT, "en")).toBe(
      "Not promoted: AUC 0.857 against 0.805 of the champion on 1,234 newest matured users; the champion cannot read today's features",
    );
    expect(said(VERDICT, "ru")).toBe(
      "Не повышена: AUC 0,857 против 0,805 у чемпиона; новых созревших пользователей: 1\u00a0234; чемпион не может прочитать сегодняшние признаки",
    );
  });

  it("leaves somebody's own words as they are", () => {
    expect(said([{ code: "other", parameters: { text: "complaints" } }], "ru")).toBe("complaints");
  });
});

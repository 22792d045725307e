import { describe, expect, it } from "vitest";
import { namesIn } from "./names";

const REASON = {
  feature: "days_since_last_purchase",
  label: "time since the last purchase",
  value: 72,
  contribution: -0.4,
  text: "time since the last purchase: 72 days (typically 30 days); lowers the probability of a purchase",
};

describe("names", () => {
  it("are the API's own in English", () => {
    expect(namesIn("en").segment("Active loyal buyers")).toBe("Active loyal buyers");
    expect(namesIn("en").reason("purchase", REASON)).toBe(REASON.text);
  });

  it("of segments are put together in Russian", () => {
    const { segment } = namesIn("ru");
    expect(segment("All users")).toBe("Все пользователи");
    expect(segment("Slipping one-time buyers")).toBe("Остывающие разовые покупатели");
    expect(segment("Active loyal buyers, high spend and newer")).toBe(
      "Активные постоянные покупатели, большие траты и более новые",
    );
    expect(segment("Lapsed browsers, group 2")).toBe("Ушедшие смотрящие без покупок, группа 2");
  });

  it("of a segment's reasons say what is usual in it and among all", () => {
    const text = "time since the last purchase: 11 days (this segment 9 days, all users 1,066 days)";
    expect(namesIn("ru").reason("segmentation", { ...REASON, text })).toBe(
      "время с последней покупки: 11 дн. (в этом сегменте 9 дн., у всех 1\u00a0066 дн.)",
    );
  });

  it("of reasons say value, usual value and effect in Russian", () => {
    const { reason } = namesIn("ru");
    expect(reason("purchase", REASON)).toBe(
      "время с последней покупки: 72 дн. (обычно 30 дн.); снижает вероятность покупки",
    );
    const never = { ...REASON, value: null, text: "time since the last purchase: never; raises the risk of leaving" };
    expect(reason("churn", never)).toBe("время с последней покупки: никогда; повышает риск ухода");
    const share = {
      ...REASON,
      feature: "weekend_share",
      value: 0.256,
      text: "share of activity at weekends: 26% (typically 10%); raises the risk of leaving",
    };
    expect(reason("churn", share)).toBe("доля активности в выходные: 26\u00a0% (обычно 10%); повышает риск ухода");
  });

  it("that are not known here are said as the API says them", () => {
    const { segment, feature, reason } = namesIn("ru");
    expect(segment("Whoever they are")).toBe("Whoever they are");
    expect(segment("Active loyal buyers, somewhere else")).toBe("Active loyal buyers, somewhere else");
    expect(feature("my_feature", "my own feature")).toBe("my own feature");
    expect(reason("returning", REASON)).toBe(REASON.text);
  });
});

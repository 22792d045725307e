import { describe, expect, it } from "vitest";
import { formatIn } from "./index";
import { saidIn } from "./sentences";
import russian from "./sentences.ru.json";

const said = (text: string) => saidIn(text, russian, formatIn("ru"));

describe("saidIn", () => {
  it("finds a sentence, and puts figures and names into it as the language writes them", () => {
    expect(said("There is no such job.")).toBe("Такого задания нет.");
    expect(said("The range is longer than 1,200 periods; ask for less, or for longer periods.")).toBe(
      "В промежутке больше 1\u00a0200 периодов; выберите короче или укрупните периоды.",
    );
  });

  it("finds a sentence inside another one", () => {
    expect(said("This run is succeeded and cannot be cancelled.")).toBe("Запуск отменить нельзя (состояние: успешно).");
    expect(said("The new password contains the e-mail address.")).toBe("Новый пароль содержит адрес почты.");
  });

  it("says what is wrong with each column", () => {
    expect(said("user_id is missing; amount is above 1000000000")).toBe(
      "user_id: не заполнено; amount: больше 1\u00a0000\u00a0000\u00a0000",
    );
    expect(said("order_id is longer than 512 characters; item_id is longer than 512 characters")).toBe(
      "order_id: длиннее 512 символов; item_id: длиннее 512 символов",
    );
    expect(said("properties.price changed its type to string (40 rows) from web")).toBe(
      "properties.price: сменило тип на string (строк: 40) (web)",
    );
  });

  it("says all faults of a check", () => {
    const check =
      "of 1,000 new rows some break the contract: currency pattern (3 rows); amount of purchase USD is about 100 times the" +
      " usual from import; `customer-analyzer events check` shows this again; with --refuse it moves the rows to" +
      " quarantine, so that a repaired file can be imported; with --accept, what is unusual counts as usual from now on";
    expect(said(check)).toContain(
      "Новых строк: 1\u00a0000, часть нарушает контракт: currency: не подходит по форме (строк: 3); amount: у событий" +
        " purchase USD отличается от обычного примерно в 100 раза (import).",
    );
  });

  it("leaves what it does not know as it is", () => {
    expect(said("Complaints of the weekend; nothing else")).toBe("Complaints of the weekend; nothing else");
    expect(saidIn("There is no such job.", {}, formatIn("en"))).toBe("There is no such job.");
  });
});

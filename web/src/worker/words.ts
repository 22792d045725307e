/** What a device is told, in words, and the page that it leads to. A worker starts anew each time, so it is kept small. */
export type Message = { notice_id: number; language: string } & (
  | { topic: "early_warning"; count: number }
  | { topic: "campaign"; campaign_id: string }
  | { topic: "drift"; model: string }
  | { topic: "failed_run"; job: string }
);

export interface Worded {
  title: string;
  body: string;
  path: string;
}

const USERS: Record<string, Partial<Record<Intl.LDMLPluralRule, string>>> = {
  en: { one: "user has a high risk of leaving", other: "users have a high risk of leaving" },
  ru: {
    one: "пользователь, скорее всего, уйдёт",
    few: "пользователя, скорее всего, уйдут",
    many: "пользователей, скорее всего, уйдут",
    other: "пользователя, скорее всего, уйдут",
  },
};

export function worded(message: Message): Worded {
  const isRussian = message.language === "ru";
  switch (message.topic) {
    case "early_warning":
      return {
        title: isRussian ? "Раннее предупреждение" : "Early warning",
        body: `${counted(message.count, message.language)}`,
        path: "/dashboard/users?risk=high&sort=expected_value&order=desc",
      };
    case "campaign":
      return {
        title: isRussian ? "Кампания завершена" : "Campaign finished",
        body: isRussian
          ? "Все, кому можно было написать, получили сообщение."
          : "Everybody was written to who could be.",
        path: `/dashboard/campaigns/${message.campaign_id}`,
      };
    case "drift":
      return {
        title: isRussian ? "Данные изменились" : "The data has changed",
        body: isRussian
          ? `Модель ${message.model} видит не то, на чём училась.`
          : `The model ${message.model} sees other data than it learned from.`,
        path: "/dashboard/models",
      };
    case "failed_run":
      return {
        title: isRussian ? "Запуск не удался" : "A run failed",
        body: isRussian ? `Задание ${message.job} завершилось ошибкой.` : `The job ${message.job} ended with an error.`,
        path: "/dashboard/data",
      };
  }
}

function counted(count: number, language: string): string {
  const words = USERS[language] ?? USERS.en ?? {};
  const rule = new Intl.PluralRules(language).select(count);
  return `${new Intl.NumberFormat(language).format(count)} ${words[rule] ?? words.other ?? ""}`;
}

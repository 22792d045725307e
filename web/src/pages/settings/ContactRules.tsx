import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Section } from "../../parts/Section";

/** Topics, caps, quiet hours, time zone and currency of the shop, and the variable that sets each. */
export function ContactRules() {
  const { t } = useTranslation();
  const rules = useQuery({ queryKey: ["contact rules"], queryFn: () => unwrap(api.GET("/contact-rules")) });
  return (
    <Section title={t("contact.title")} note={t("contact.note")}>
      <Answered query={rules} height={200}>
        {(data) => (
          <DataTable
            label={t("contact.title")}
            rows={[
              [t("contact.topics"), data.topics.map((topic) => t(`topic.${topic}`)).join(", "), ""],
              [t("contact.mostADay"), data.most_a_day, "CONTACT_MOST_A_DAY"],
              [t("contact.mostAWeek"), data.most_a_week, "CONTACT_MOST_A_WEEK"],
              [
                t("contact.quietHours"),
                `${data.quiet_hours.start.slice(0, 5)} – ${data.quiet_hours.end.slice(0, 5)}`,
                "CONTACT_QUIET_FROM, CONTACT_QUIET_UNTIL",
              ],
              [t("contact.timeZone"), data.time_zone, "CONTACT_TIME_ZONE"],
              [t("contact.currency"), data.currency ?? "–", "CUSTOMER_ANALYZER_CURRENCY"],
            ]}
            rowKey={([name]) => String(name)}
            columns={[
              { title: t("data.what"), cell: ([name]) => name },
              { title: t("contact.value"), cell: ([, value]) => value },
              { title: t("contact.variable"), cell: ([, , variable]) => <code>{variable}</code> },
            ]}
          />
        )}
      </Answered>
    </Section>
  );
}

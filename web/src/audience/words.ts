/** Filters and rules as people read them. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../api/client";
import { unwrap } from "../api/problem";
import type { components } from "../api/schema";
import { useFormat } from "../i18n";
import { useNames } from "../i18n/names";
import { useSession } from "../session/Session";
import type { Condition } from "./query";

export type AudienceNumber = components["schemas"]["AudienceNumber"];

const DAYS = ["first_seen_from", "first_seen_until", "from_day", "until_day", "segment_before_on", "active_since"];

const SEGMENTS = ["segment", "segment_before"];

export function useUserLists(isEnabled = true) {
  const { may } = useSession();
  return useQuery({
    queryKey: ["user lists"],
    queryFn: () => unwrap(api.GET("/user-lists")),
    enabled: isEnabled && may("campaigns:read"),
  });
}

export function useAudienceNumbers(isEnabled = true) {
  const { may } = useSession();
  return useQuery({
    queryKey: ["audience numbers"],
    queryFn: () => unwrap(api.GET("/audiences/numbers")),
    enabled: isEnabled && may("campaigns:read"),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** What says a filter, and a condition, in words. Lists are named once they are known. */
export function useWords(needsLists: boolean) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = useNames();
  const lists = useUserLists(needsLists);
  const numbers = useAudienceNumbers(needsLists);
  const listName = (id: string) => lists.data?.find((list) => list.list_id === id)?.name ?? t("audience.aList");

  function filter(name: string, value: string): string {
    if (name === "list_id") return t("audience.onList", { name: listName(value) });
    if (name === "did" || name === "did_not") return t(`audience.${name}`, { what: t(`step.${value}`) });
    if (SEGMENTS.includes(name)) return t(`audience.${name}`, { value: names.segment(value) });
    if (name === "risk") return t("audience.risk", { value: t(`risk.${value}`) });
    const shown = DAYS.includes(name) || name === "silent_since" ? format.day(value) : value;
    return t(`audience.${name}`, { value: name === "rfm_cell" ? t(`rfmCell.${value}`, value) : shown });
  }

  function condition(each: Condition): string {
    if (each.kind === "number") {
      const label = numbers.data?.find((number) => number.name === each.name)?.label ?? each.name;
      const said = names.feature(each.name, label);
      const bounds = [
        each.least == null ? "" : `≥ ${format.number(each.least, digits(each.least))}`,
        each.most == null ? "" : `≤ ${format.number(each.most, digits(each.most))}`,
      ];
      return `${said} ${bounds.filter(Boolean).join(" & ")}`;
    }
    const not = each.is_true === false ? `${t("audience.not")} ` : "";
    if (each.kind === "segment")
      return `${not}${t("audience.segment", { value: each.names.map(names.segment).join(", ") })}`;
    if (each.kind === "list") return `${not}${t("audience.onList", { name: listName(each.list_id) })}`;
    return `${not}${each.name}: ${each.value}`;
  }

  return { filter, condition };
}

function digits(value: number): number {
  return Number.isInteger(value) ? 0 : 2;
}

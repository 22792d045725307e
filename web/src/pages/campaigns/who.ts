import { useTranslation } from "react-i18next";
import { useSession } from "../../session/Session";

/** Names who did something: oneself, a colleague (whose account is not everybody's to see), or a key. */
export function useWho(): (principal: string) => string {
  const { t } = useTranslation();
  const { me } = useSession();
  return (principal) => {
    if (principal === me?.id) return t("campaigns.byYou");
    return principal.startsWith("account:") ? t("campaigns.byColleague") : principal;
  };
}

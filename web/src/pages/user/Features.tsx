import Accordion from "@mui/material/Accordion";
import AccordionDetails from "@mui/material/AccordionDetails";
import AccordionSummary from "@mui/material/AccordionSummary";
import { useTranslation } from "react-i18next";
import type { components } from "../../api/schema";
import { useFormat } from "../../i18n";
import { DataTable } from "../../parts/DataTable";

/** Everything the models know of the user, by family, in the catalogue's words. */
export function Features({ families }: { families: readonly components["schemas"]["FeatureFamily"][] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return families.map(({ family, features }) => (
    <Accordion key={family} disableGutters elevation={0} slotProps={{ transition: { unmountOnExit: true } }}>
      <AccordionSummary>
        {family} ({features.length})
      </AccordionSummary>
      <AccordionDetails>
        <DataTable
          label={family}
          rows={features}
          rowKey={(feature) => feature.name}
          columns={[
            { title: t("user.feature"), cell: (feature) => <span title={feature.description}>{feature.label}</span> },
            { title: t("user.value"), isNumber: true, cell: (feature) => format.number(feature.value, 2) },
            { title: t("user.unit"), cell: (feature) => feature.unit },
          ]}
        />
      </AccordionDetails>
    </Accordion>
  ));
}

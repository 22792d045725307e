/** The first step: a file is chosen, and sent as it is. */
import Button from "@mui/material/Button";
import LinearProgress from "@mui/material/LinearProgress";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { Failure } from "../../parts/Answered";

const ENDINGS = ".csv,.tsv,.txt,.json,.jsonl,.ndjson,.parquet,.pq,.gz,.zip,.zst";

export function UploadStep({ onDone }: { onDone: (uploadId: string) => void }) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  const send = useMutation({
    mutationFn: (file: File) =>
      unwrap(
        api.POST("/imports", {
          params: { query: { file_name: file.name } },
          headers: { "content-type": "application/octet-stream" },
          // The description calls bytes a text; a browser sends a file from its disk.
          body: file as unknown as string,
          bodySerializer: (body) => body,
        }),
      ),
    onSuccess: ({ upload_id }) => onDone(upload_id),
  });
  return (
    <Stack spacing={2} sx={{ alignItems: "flex-start" }}>
      <Typography color="text.secondary">{t("import.formats")}</Typography>
      <Button variant="contained" disabled={send.isPending} onClick={() => input.current?.click()}>
        {t("import.choose")}
      </Button>
      <input
        ref={input}
        hidden
        type="file"
        accept={ENDINGS}
        aria-label={t("import.choose")}
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) send.mutate(file);
          event.target.value = "";
        }}
      />
      {send.isPending && <LinearProgress sx={{ width: "100%" }} aria-label={t("import.sending")} />}
      {send.isError && <Failure error={send.error} />}
    </Stack>
  );
}

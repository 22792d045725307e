import TextField from "@mui/material/TextField";

interface Texts {
  english: string;
  russian: string;
}

/** What is said, in each language; one of them is enough. */
export function MessageFields({ draft, change }: { draft: Texts; change: (change: Partial<Texts>) => void }) {
  return (
    <>
      <TextField
        multiline
        minRows={4}
        required={!draft.russian}
        label="English"
        value={draft.english}
        onChange={(event) => change({ english: event.target.value })}
      />
      <TextField
        multiline
        minRows={4}
        required={!draft.english}
        label="Русский"
        value={draft.russian}
        onChange={(event) => change({ russian: event.target.value })}
      />
    </>
  );
}

/** What is around every page: navigation, who is signed in, and the way out. */
import AppBar from "@mui/material/AppBar";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Container from "@mui/material/Container";
import LinearProgress from "@mui/material/LinearProgress";
import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";
import Toolbar from "@mui/material/Toolbar";
import Typography from "@mui/material/Typography";
import { useIsFetching } from "@tanstack/react-query";
import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Link, Outlet, ScrollRestoration, useLocation, useNavigation } from "react-router";
import { Notices } from "../notices/Notices";
import { Banners } from "../offline/Banners";
import { SignInPage } from "../pages/sign-in/SignInPage";
import { ProofDialog } from "../session/ProofDialog";
import { useSession } from "../session/Session";

const PAGES = [
  ["", "pages.overview", "analytics:read"],
  ["users", "pages.users", "users:read"],
  ["segments", "pages.segments", "analytics:read"],
  ["campaigns", "pages.campaigns", "campaigns:read"],
  ["feedback", "pages.feedback", "feedback:read"],
  ["models", "pages.models", "analytics:read"],
  ["data", "pages.data", "analytics:read"],
  ["settings", "pages.settings", "profile:read"],
] as const;

export function Frame() {
  const { t } = useTranslation();
  const session = useSession();
  const here = useLocation().pathname.split("/")[1] ?? "";
  const isBusy = useIsFetching() > 0;
  const isLoading = useNavigation().state !== "idle" || isBusy;

  if (session.me === undefined) return <LinearProgress aria-label={t("state.loading")} />;
  if (session.me === null) return <SignInPage />;

  const pages = PAGES.filter(([, , permission]) => session.may(permission));
  return (
    <>
      <Box component="a" href="#content" sx={SKIP}>
        {t("frame.skip")}
      </Box>
      <AppBar position="sticky" color="inherit" elevation={0} sx={{ borderBottom: 1, borderColor: "divider" }}>
        <Toolbar sx={{ gap: 2, flexWrap: "wrap" }}>
          <Typography
            component={Link}
            to="/"
            sx={{ flex: { xs: 1, md: "none" }, fontWeight: 700, color: "inherit", textDecoration: "none" }}
          >
            Customer Analyzer
          </Typography>
          <Box
            component="nav"
            aria-label={t("frame.pages")}
            sx={{ flex: { xs: "1 0 100%", md: 1 }, order: { xs: 1, md: 0 }, minWidth: 0 }}
          >
            <Tabs
              value={pages.some(([path]) => path === here) ? here : false}
              variant="scrollable"
              scrollButtons={false}
              role="presentation"
              slotProps={{ list: { role: "presentation" } }}
            >
              {pages.map(([path, label]) => (
                <Tab
                  key={path}
                  value={path}
                  label={t(label)}
                  component={Link}
                  to={`/${path}`}
                  role="link"
                  tabIndex={0}
                  aria-selected={undefined}
                  aria-current={path === here ? "page" : undefined}
                />
              ))}
            </Tabs>
          </Box>
          <Typography variant="body2" color="textSecondary" noWrap sx={{ display: { xs: "none", md: "block" } }}>
            {session.me.name}
          </Typography>
          <Button size="small" onClick={() => void session.leave()}>
            {t("frame.signOut")}
          </Button>
        </Toolbar>
        <Box sx={{ height: 3 }}>
          {isLoading && <LinearProgress sx={{ height: 3 }} aria-label={t("state.loading")} />}
        </Box>
      </AppBar>
      <Banners />
      <Container component="main" id="content" maxWidth="xl" tabIndex={-1} sx={{ py: 3, outline: "none" }}>
        <Suspense>
          <Outlet />
        </Suspense>
      </Container>
      {session.may("analytics:read") && <Notices />}
      <ProofDialog />
      <ScrollRestoration />
    </>
  );
}

const SKIP = {
  position: "absolute",
  left: -9999,
  zIndex: 2000,
  p: 1,
  bgcolor: "background.paper",
  "&:focus": { left: 8, top: 8 },
} as const;

/** Which page has which address. Pages other than the overview are loaded when they are opened. */
import { createBrowserRouter } from "react-router";
import { OverviewPage } from "../pages/overview/OverviewPage";
import { Frame } from "./Frame";
import { NotFoundPage, RouteProblem } from "./RouteProblem";

export const router = createBrowserRouter(
  [
    {
      path: "telegram",
      errorElement: <RouteProblem />,
      lazy: async () => ({ Component: (await import("../pages/telegram/TelegramReturnPage")).TelegramReturnPage }),
    },
    {
      element: <Frame />,
      errorElement: <RouteProblem />,
      // The frame shows progress itself.
      hydrateFallbackElement: <Frame />,
      children: [
        { index: true, element: <OverviewPage /> },
        { path: "users", lazy: async () => ({ Component: (await import("../pages/users/UsersPage")).UsersPage }) },
        { path: "users/:userId", lazy: async () => ({ Component: (await import("../pages/user/UserPage")).UserPage }) },
        {
          path: "segments",
          lazy: async () => ({ Component: (await import("../pages/segments/SegmentsPage")).SegmentsPage }),
        },
        {
          path: "campaigns",
          lazy: async () => ({ Component: (await import("../pages/campaigns/CampaignsPage")).CampaignsPage }),
        },
        {
          path: "campaigns/new",
          lazy: async () => ({ Component: (await import("../pages/campaigns/NewCampaignPage")).NewCampaignPage }),
        },
        {
          path: "campaigns/templates",
          lazy: async () => ({ Component: (await import("../pages/templates/TemplatesPage")).TemplatesPage }),
        },
        {
          path: "campaigns/templates/new",
          lazy: async () => ({ Component: (await import("../pages/templates/TemplatePage")).TemplatePage }),
        },
        {
          path: "campaigns/templates/:name",
          lazy: async () => ({ Component: (await import("../pages/templates/TemplatePage")).TemplatePage }),
        },
        {
          path: "campaigns/experiments",
          lazy: async () => ({ Component: (await import("../pages/experiments/ExperimentsPage")).ExperimentsPage }),
        },
        {
          path: "campaigns/experiments/new",
          lazy: async () => ({ Component: (await import("../pages/experiments/NewExperimentPage")).NewExperimentPage }),
        },
        {
          path: "campaigns/policies",
          lazy: async () => ({ Component: (await import("../pages/policies/PoliciesPage")).PoliciesPage }),
        },
        {
          path: "campaigns/triggers",
          lazy: async () => ({ Component: (await import("../pages/triggers/TriggersPage")).TriggersPage }),
        },
        {
          path: "campaigns/triggers/new",
          lazy: async () => ({ Component: (await import("../pages/triggers/NewTriggerPage")).NewTriggerPage }),
        },
        {
          path: "campaigns/triggers/:triggerId",
          lazy: async () => ({ Component: (await import("../pages/triggers/TriggerPage")).TriggerPage }),
        },
        {
          path: "campaigns/:campaignId",
          lazy: async () => ({ Component: (await import("../pages/campaigns/CampaignPage")).CampaignPage }),
        },
        {
          path: "feedback",
          lazy: async () => ({ Component: (await import("../pages/feedback/FeedbackPage")).FeedbackPage }),
        },
        { path: "models", lazy: async () => ({ Component: (await import("../pages/models/ModelsPage")).ModelsPage }) },
        { path: "data", lazy: async () => ({ Component: (await import("../pages/data/DataPage")).DataPage }) },
        {
          path: "data/import/:uploadId?",
          lazy: async () => ({ Component: (await import("../pages/data/ImportPage")).ImportPage }),
        },
        {
          path: "data/quarantine",
          lazy: async () => ({ Component: (await import("../pages/data/QuarantinePage")).QuarantinePage }),
        },
        {
          path: "settings",
          lazy: async () => ({ Component: (await import("../pages/settings/SettingsPage")).SettingsPage }),
        },
        { path: "*", element: <NotFoundPage /> },
      ],
    },
  ],
  { basename: "/dashboard" },
);

/** Short names for the shapes of the API that pages use. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type AttentionItem = Schemas["AttentionItem"];
export type Campaign = Schemas["CampaignAnswer"];
export type CampaignNumbers = Schemas["CampaignNumbers"];
export type Cohort = Schemas["Cohort"];
export type Dashboard = Schemas["Dashboard"];
export type DataHealth = Schemas["DataHealth"];
export type DriftDay = Schemas["DriftDay"];
export type Feedback = Schemas["FeedbackEntry"];
export type FunnelCounts = Schemas["FunnelCounts"];
export type Kpi = Schemas["Kpi"];
export type Me = Schemas["Me"];
export type ModelAnswer = Schemas["ModelAnswer"];
export type ModelChange = Schemas["ModelChange"];
export type ModelReport = Schemas["ModelReport"];
export type ModelVersion = Schemas["ModelVersion"];
export type ModelVersions = Schemas["ModelVersions"];
export type ModelsReport = Schemas["ModelsReport"];
export type NewRun = Schemas["NewRun"];
export type Outcome = Schemas["OutcomeAnswer"];
export type Reason = Schemas["ReasonOut"];
export type RecipientState = Schemas["RecipientAnswer"]["state"];
export type RevenuePeriod = Schemas["RevenuePeriod"];
export type RfmCell = Schemas["RfmCell"];
export type Role = Schemas["Role"];
export type Run = Schemas["Run"];
export type ScorecardWeek = Schemas["ScorecardWeek"];
export type Segment = Schemas["Segment"];
export type SegmentMove = Schemas["SegmentMove"];
export type UserSummary = Schemas["UserSummary"];

-- The scorecard now tells what was said live from what was said in hindsight. Both were counted together before, so it is
-- counted anew, whole, by the next build.
drop table if exists scorecards.model_scorecard;

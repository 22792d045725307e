-- Of a campaign: at most so many of its audience, those whom the policy in use expects a message to change most. Null:
-- everybody in the audience.
alter table app.campaigns add column most_by_effect integer check (most_by_effect > 0);

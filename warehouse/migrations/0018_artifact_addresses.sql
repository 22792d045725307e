-- A deployment names an address instead of a path: in the home, wherever that is (home:/), or in an object store (s3://).
alter table ml.deployments rename column artifact_path to artifact_uri;

update ml.deployments
set artifact_uri = regexp_replace(artifact_uri, '^/.*/artifacts/' || model || '/', 'home:/artifacts/' || model || '/');

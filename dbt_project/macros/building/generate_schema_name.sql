{# Overrides dbt's own: schemas are part of the interface (services read marts.user_features), so they have no prefix. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}

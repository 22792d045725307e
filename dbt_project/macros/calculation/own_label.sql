{# What became of a user in the words of the model that predicted it: each model's own column of an outcome. #}
{% macro own_label(model, outcomes) -%}
    case
    {%- for name, label in var('model_labels').items() %}
        when {{ model }} = '{{ name }}' then {{ outcomes }}.{{ label }}
    {%- endfor %}
    end
{%- endmacro %}

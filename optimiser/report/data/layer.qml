<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
{% macro option(name, value) %}<Option name="{{ name }}" type="QString" value="{{ value }}"/>{% endmacro %}
{% macro mark(side, filling) %}
<layer class="SimpleMarker" enabled="1" pass="0" locked="0"><Option type="Map">
{{ option("name", "circle") }}{{ option("color", rgba(filling)) }}{{ option("outline_color", rgba(ink)) }}
{{ option("outline_width", "0.8") }}{{ option("outline_width_unit", "Point") }}{{ option("size", "%g"|format(side)) }}{{ option("size_unit", "Point") }}
</Option></layer>
{% endmacro %}
<qgis version="3.34.0" styleCategories="Symbology|Labeling|Fields" labelsEnabled="{{ 1 if label else 0 }}">
<renderer-v2 type="RuleRenderer" symbollevels="0" enableorderby="0">
<rules key="{root}">
{% for rule in rules %}
<rule key="{rule-{{ loop.index0 }}}" symbol="{{ loop.index0 }}" label="{{ rule.label }}" filter="{{ rule.where }}"{% if not rule.is_shown %} checkstate="0"{% endif %}/>
{% endfor %}
</rules>
<symbols>
{% for rule in rules %}
<symbol name="{{ loop.index0 }}" type="{{ "line" if rule.stroke else "marker" }}" alpha="1">
{% if rule.stroke %}
<layer class="SimpleLine" enabled="1" pass="0" locked="0"><Option type="Map">
{{ option("line_color", rgba(rule.stroke.colour)) }}{{ option("line_width", "%g"|format(rule.stroke.width)) }}{{ option("line_width_unit", "Point") }}
{% if rule.stroke.dash %}
{% set dashes %}{% for part in rule.stroke.dash %}{{ "%g"|format(part * rule.stroke.width) }}{{ ";" if not loop.last }}{% endfor %}{% endset %}
{{ option("use_custom_dash", "1") }}{{ option("customdash", dashes) }}{{ option("customdash_unit", "Point") }}
{% endif %}
</Option></layer>
{% endif %}
{% if rule.mark and rule.stroke %}
<layer class="MarkerLine" enabled="1" pass="0" locked="0"><Option type="Map">{{ option("placements", "CentralPoint") }}</Option>
<symbol name="@{{ loop.index0 }}@1" type="marker" alpha="1">
{{ mark(*rule.mark) }}
</symbol></layer>
{% elif rule.mark %}
{{ mark(*rule.mark) }}
{% endif %}
</symbol>
{% endfor %}
</symbols>
</renderer-v2>
<aliases>
{% for field, name in names.items() %}
<alias field="{{ field }}" name="{{ name }}"/>
{% endfor %}
</aliases>
{% if label %}
<labeling type="simple"><settings calloutType="simple"><text-style fieldName="{{ label }}" fontSize="9" fontSizeUnit="Point" textColor="{{ rgba(ink) }}"><text-buffer bufferDraw="1" bufferSize="1" bufferColor="{{ rgba("#ffffff") }}"/></text-style></settings></labeling>
{% endif %}
</qgis>

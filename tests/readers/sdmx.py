"""Reads an SDMX-CSV file by its structure, as pysdmx does, and prints every value: area, indicator, target, period, value.

The structure message must keep to the schema that the SDMX working group publishes (pysdmx carries it), and the data to
the structure: its components and no others, of the types that it states, every code in its codelist, no key twice.
"""

import sys
from pathlib import Path

import pandas
from pysdmx.io import get_datasets, read_sdmx

data, structure = Path(sys.argv[1]), Path(sys.argv[2])
message = read_sdmx(structure, validate=True)
assert {one.id for one in message.get_dataflows()} == {"PUBLISHED_VALUES"}
# Columns are read as the types that the structure states: a number that is none stops it here.
(dataset,) = get_datasets(data, structure, validate=True)
components, rows = dataset.structure.components, dataset.data

of_the_whole = set(dataset.attributes)
known = {component.id for component in components}
assert set(rows.columns) | of_the_whole == known, (set(rows.columns) | of_the_whole) ^ known
keys = [component.id for component in components.dimensions]
assert not rows.duplicated(subset=keys).any(), rows[rows.duplicated(subset=keys)]
assert not (rows[keys] == "").any(axis=None), "some dimension is empty"
for component in (one for one in components if one.enumeration is not None):
    codes = {code.id for code in component.enumeration}
    strange = set(rows[component.id]) - codes - {""}
    assert not strange, f"{component.id}: {strange} are no codes of {component.enumeration.id}"
for name in ("PUBLICATION", "AS_OF", "RELEASE_STATE"):
    assert dataset.attributes[name], f"{name} is empty"

for row in rows.itertuples():
    value = "" if pandas.isna(row.OBS_VALUE) else repr(float(row.OBS_VALUE))
    print(row.REF_AREA, row.INDICATOR, row.TARGET, row.TIME_PERIOD, value, sep=",")

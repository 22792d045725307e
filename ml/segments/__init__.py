"""The segmentation model as it is stored, served and explained.

Belongs here: scaling, nearest centroid, names, ids, reasons; numpy and polars only, because a service loads this and
scikit-learn would cost it seconds and a hundred megabytes. Does not belong here: fitting (`ml.segmentation`).
"""

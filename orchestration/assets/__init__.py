"""Dagster's assets: one module for each group, in the order in which data flows.

An asset's body reads, calls one function, writes and returns metadata. Longer functions are in the modules beside this
package.
"""

"""Publishes every new item of a content store to feeds per topic and to social channels, once each."""

__version__ = "0.1.0"

"""Reasoning protocols for llm."""

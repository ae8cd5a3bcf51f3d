"""The journey's verbs, over an endpoint in this process and a store in a folder of the test."""

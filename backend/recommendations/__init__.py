"""Recommendations: by a learned recommender where one is good enough, else by counts of what people buy."""

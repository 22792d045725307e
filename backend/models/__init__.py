"""Models: their versions beside each other, and a champion that people promote or roll back."""

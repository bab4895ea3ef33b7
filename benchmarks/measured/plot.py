"""A plot of ratios as SVG."""
def plot(found): return ""

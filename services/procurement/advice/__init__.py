"""Which ways of buying the law leaves open for a lot. Pure, over dated tables that say where each figure is from."""

def suite(report, options): pass

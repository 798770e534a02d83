"""The whole product, by its public interfaces: what is promised to devices, back ends, apps and data teams."""

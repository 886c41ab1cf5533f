DROP TABLE listings;
DROP TABLE marketplaces;
DROP TABLE hubs;

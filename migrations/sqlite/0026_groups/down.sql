DROP TABLE policy_groups;
DROP TABLE group_members;
DROP TABLE address_groups;

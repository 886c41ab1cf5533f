DROP INDEX invitations_of_inviter;

-- A session that has ended stays ended, and as it was: nobody who serves requests takes an end back, or finds another reason for it.
create policy ended_stays on {schema}.auth_session as restrictive for update to {auth} using (revoked_at is null) with check (true);

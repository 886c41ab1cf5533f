//! The calls that query an endpoint: each way in which one can end, and the one event that it leaves.

#[cfg(test)]
mod approving;
#[cfg(test)]
mod asked;
#[cfg(test)]
mod charging;
#[cfg(test)]
mod closing;
#[cfg(test)]
mod context;
#[cfg(test)]
mod disclosing;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod expecting_ahead;
mod filter;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod hub_users;
#[cfg(test)]
mod judged_again;
#[cfg(test)]
mod many_approvals;
mod obligations;
#[cfg(test)]
mod outdated_approvals;
#[cfg(test)]
mod pattern_limits;
#[cfg(test)]
mod personal;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod ports;
#[cfg(test)]
mod rate_limits;
#[cfg(test)]
mod remote;
#[cfg(test)]
mod replaying;
#[cfg(test)]
mod reviews;
#[cfg(test)]
mod schedules;
#[cfg(test)]
mod shadow;
#[cfg(test)]
mod terms_told;
#[cfg(test)]
mod tickets;
#[cfg(test)]
mod waiting;
#[cfg(test)]
mod world;

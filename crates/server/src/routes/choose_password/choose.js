// Sends the token of this page's link, which stands behind its #, with the password that is typed. Neither is kept anywhere.
"use strict";
const [purpose, token] = location.hash.slice(1).split("=");
// It would stay in the history of the browser otherwise.
history.replaceState(null, "", location.pathname);
const routes = {
  reset: ["/api/v1/auth/reset", "new_password"],
  invitation: ["/api/v1/invitations/accept", "password"],
};
const form = document.getElementById("form");
const [first, second, save] = ["first", "second", "save"].map((id) => document.getElementById(id));
const say = (text) => { document.getElementById("outcome").textContent = text; };
if (!Object.hasOwn(routes, purpose) || !token) {
  form.remove();
  say("This link is not complete. Take the whole of it from where you have it.");
}
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (save.disabled) {
    return;
  }
  if (first.value !== second.value) {
    return say("The two passwords differ.");
  }
  const [path, field] = routes[purpose];
  // The token works once: a second click would be told that there is none.
  save.disabled = true;
  say("One moment …");
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token, [field]: first.value }),
    });
    if (answer.ok) {
      form.remove();
      return say("It is your password now. You can log in with it.");
    }
    say((await answer.json()).detail);
  } catch {
    say("The server does not answer. Try again in a moment.");
  }
  save.disabled = false;
});

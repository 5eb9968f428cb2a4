// Actions one after the other, and what goes wrong in them.

let isBusy = false;

export function tell(text) {
  const place = document.getElementById("alert");
  place.textContent = text;
  place.hidden = !text;
}

// An action for which others wait, so that no key goes to a query that is not yet seen.
export function inTurn(action) {
  return async () => {
    if (isBusy) return;
    setBusy(true);
    try {
      await action();
    } catch (error) {
      tell(error.message);
      document.getElementById("onwards").hidden = false;
    }
    setBusy(false);
  };
}

function setBusy(value) {
  isBusy = value;
  document.body.setAttribute("aria-busy", value);
}

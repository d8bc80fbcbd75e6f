"use strict";

// A page that reloads by itself takes away what somebody is typing, choosing or about to copy.
function isInUse() {
  const fields = [...document.forms[0].elements];
  const changed = fields.some((each) => {
    if (!each.options) return each.defaultValue !== undefined && each.value !== each.defaultValue;
    const asServed = [...each.options].find((one) => one.defaultSelected) ?? each.options[0];
    return each.value !== asServed.value;
  });
  return changed || Boolean(document.activeElement?.closest("form")) || String(getSelection()) !== "";
}

function reloadWhenIdle() {
  const idle = !isInUse();
  if (idle) location.reload();
  return idle;
}

setInterval(reloadWhenIdle, Number(document.body.dataset.refresh) * 1000);

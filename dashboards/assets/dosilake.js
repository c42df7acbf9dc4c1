"use strict";
// What the browser does by itself: numbers in the tables, the address, downloads, the page's title.
(function () {
  const locales = { fr: "fr-FR", en: "en-GB" };
  const decimals = { count: 0, days: 0, msv: 3, man_sv: 3, ratio: 2, percent: 1 };

  function written(value, kind, language, missing) {
    if (value === null || value === undefined) return missing;
    if (kind === "date") {
      return language === "fr" ? value.split("-").reverse().join("/") : value;
    }
    const scaled = kind === "percent" ? 100 * value : value;
    const digits = decimals[kind] || 0;
    const text = new Intl.NumberFormat(locales[language], {
      minimumFractionDigits: digits, maximumFractionDigits: digits,
    }).format(scaled);
    if (kind !== "percent") return text;
    return language === "fr" ? text + "\u202f%" : text + "%";
  }

  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  functions.dosilake = written;

  functions.dosilakeTheme = function (quartz) {
    return quartz.withParams({
      fontFamily: "inherit", fontSize: 13.5, foregroundColor: "#1c2b36", accentColor: "#0b5a8a",
      borderColor: "#dbe2e7", rowBorder: { color: "#eef2f4" }, headerBackgroundColor: "#f7f9fa",
      headerFontWeight: 600, wrapperBorderRadius: 6, browserColorScheme: "light",
    });
  };

  const components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  components.DosilakeLink = function (props) {
    const href = props.data.href;
    if (!href) return props.value;
    return React.createElement("a", { href: href, className: "grid-link" }, props.value);
  };

  function params(values) {
    const address = new URLSearchParams(window.location.search);
    dash_clientside.callback_context.inputs_list[0].forEach(function (input) {
      const name = input.id.name;
      if (input.value === null || input.value === undefined || input.value === "") address.delete(name);
      else address.set(name, input.value);
    });
    const next = address.toString() ? "?" + address.toString() : "";
    const triggered = dash_clientside.callback_context.triggered;
    if (next === window.location.search || !triggered.length) return dash_clientside.no_update;
    return next;
  }

  let lastPath = null;
  function title(text) {
    if (!text) return dash_clientside.no_update;
    document.title = text;
    // A reader of the screen hears where a link has led; the first page is left alone.
    if (lastPath !== null && lastPath !== window.location.pathname) {
      const heading = document.getElementById("page-heading");
      if (heading) heading.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
    lastPath = window.location.pathname;
    return text;
  }

  async function csv(clicks) {
    if (!clicks) return dash_clientside.no_update;
    const id = dash_clientside.callback_context.inputs_list[0].id;
    const grid = await dash_ag_grid.getApiAsync({ type: "grid", key: id.key });
    const french = document.documentElement.lang === "fr";
    const told = Array.from(document.querySelectorAll(".sources [data-source]"), (one) => one.textContent);
    grid.exportDataAsCsv({
      // Below the rows: which release or snapshot they are of, by which code, and what they can be checked by.
      appendContent: told.map((line) => [{ data: { value: line, type: "String" } }]),
      fileName: "dosilake-" + id.key + ".csv",
      columnSeparator: french ? ";" : ",",
      processCellCallback: function (cell) {
        if (cell.value === null || cell.value === undefined) return "";
        return french && typeof cell.value === "number" ? String(cell.value).replace(".", ",") : cell.value;
      },
    });
    return dash_clientside.no_update;
  }

  function language(value) {
    if (!value || value === document.documentElement.lang) return dash_clientside.no_update;
    document.cookie = "dosilake_language=" + value + "; path=/; max-age=31536000; samesite=lax";
    window.location.reload();
    return true;
  }

  function burger(opened) {
    return { width: 250, breakpoint: "md", collapsed: { mobile: !opened } };
  }

  // Dash's upload field has no name of its own; it takes that of the box around it.
  new MutationObserver(function () {
    document.querySelectorAll("[data-upload-label] input[type=file]:not([aria-label])").forEach(function (input) {
      input.setAttribute("aria-label", input.closest("[data-upload-label]").dataset.uploadLabel);
    });
  }).observe(document.documentElement, { childList: true, subtree: true });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    dosilake: { params: params, title: title, csv: csv, language: language, burger: burger },
  });
})();

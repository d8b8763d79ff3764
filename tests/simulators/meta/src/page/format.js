// Dates and numbers as people in Colombia write them.

const TIME = new Intl.DateTimeFormat("es-CO", { hour: "numeric", minute: "2-digit" });
const WEEKDAY = new Intl.DateTimeFormat("es-CO", { weekday: "long" });
const DATE = new Intl.DateTimeFormat("es-CO", { day: "numeric", month: "long", year: "numeric" });
const SHORT_DATE = new Intl.DateTimeFormat("es-CO", { day: "numeric", month: "numeric", year: "2-digit" });

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
const daysAgo = (iso) => Math.round((midnight(new Date()) - midnight(new Date(iso))) / 86_400_000);

export const formatTime = (iso) => TIME.format(new Date(iso));
export const dayKey = (iso) => midnight(new Date(iso)).toDateString();

export function dayLabel(iso) {
  const ago = daysAgo(iso);
  if (ago === 0) return "Hoy";
  if (ago === 1) return "Ayer";
  const text = ago > 1 && ago < 7 ? WEEKDAY.format(new Date(iso)) : DATE.format(new Date(iso));
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function formatListTime(iso) {
  const ago = daysAgo(iso);
  if (ago === 0) return formatTime(iso);
  return ago === 1 ? "ayer" : SHORT_DATE.format(new Date(iso));
}

export function formatPhone(waId) {
  const colombian = /^57(3\d{2})(\d{3})(\d{4})$/.exec(waId);
  return colombian ? `+57 ${colombian[1]} ${colombian[2]} ${colombian[3]}` : `+${waId}`;
}

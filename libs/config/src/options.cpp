#include "tecnochat/config/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <deque>
#include <optional>

#include "environment.hpp"
#include "tecnochat/core/assert.hpp"
#include "tecnochat/core/environment.hpp"
#include "tecnochat/core/loopback.hpp"

namespace tecnochat::config {
namespace {

struct Setting {
    std::string name;
    std::string variable;
    bool is_secret = false;
    bool required = false;
    std::function<Status(const std::string&)> assign;
    std::function<std::string()> show;
    std::optional<std::string> flag_value;
};

struct Answer {
    std::function<void()> print;
    CLI::Option* option = nullptr;
};

Error bad_value(std::string must_be) {
    return make_error(ErrorCode::kInvalidArgument, std::move(must_be));
}

Result<std::int64_t> parse_whole(
    const std::string& text, std::int64_t minimum, std::int64_t maximum, std::string_view unit
) {
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    if (failure != std::errc{} || stop != end || value < minimum || value > maximum) {
        return bad_value(
            fmt::format("must be a whole number{} from {} to {}", unit, minimum, maximum)
        );
    }
    return value;
}

Result<bool> parse_toggle(const std::string& text) {
    if (text == "on" || text == "true" || text == "1") return true;
    if (text == "off" || text == "false" || text == "0") return false;
    return bad_value("must be on or off");
}

/// The host of "host[:port][/path]".
std::string_view host_of(std::string_view address) {
    address = address.substr(0, address.find_first_of("/?#"));
    if (address.starts_with('[')) return address.substr(0, address.find(']') + 1);
    return address.substr(0, address.find(':'));
}

Status check_url(std::string_view url) {
    constexpr std::string_view kSecure = "https://";
    constexpr std::string_view kPlain = "http://";
    if (url.starts_with(kSecure) && !host_of(url.substr(kSecure.size())).empty()) return ok();
    if (url.starts_with(kPlain) && is_loopback(host_of(url.substr(kPlain.size())))) return ok();
    return bad_value("must be https://host[:port][/path] (http:// only for a server on loopback)");
}

/// How many milliseconds one unit of a duration setting has: the name says it.
std::int64_t unit_of(std::string_view name) {
    if (name.ends_with("-ms") || name.ends_with("_MS")) return 1;
    const bool seconds = name.ends_with("-seconds") || name.ends_with("_SECONDS");
    TECNOCHAT_ASSERT(seconds, "a duration setting's name ends in -ms or -seconds");
    return 1000;
}

}  // namespace

struct Options::Impl {
    Impl(std::string program, std::string description)
        : app(std::move(description), std::move(program)) {
        app.get_formatter()->column_width(34);
    }

    Setting& add(std::string_view name, Presence presence) {
        Setting& setting = settings.emplace_back();
        setting.name = std::string(name);
        setting.variable = variable_of(name);
        setting.required = presence == Presence::kRequired;
        return setting;
    }

    /// The flag of a setting whose `show` is in place.
    void add_flag(Setting& setting, std::string_view help, const std::string& value_name) {
        const std::string shown = setting.show();
        const std::string fallback = setting.required ? "required"
                                     : shown.empty()  ? "default: none"
                                                      : "default: " + shown;
        app.add_option_function<std::string>(
               flag_of(setting.name),
               [&setting](const std::string& value) { setting.flag_value = value; },
               fmt::format("{} [{}; {}]", help, fallback, setting.variable)
        )
            ->type_name(value_name);
    }

    Result<std::optional<std::string>> read(const Setting& setting) const {
        if (setting.is_secret) return read_secret(setting.variable);
        if (setting.flag_value) return setting.flag_value;
        return environment_variable(setting.variable);
    }

    Status apply(const Setting& setting) const {
        TECNOCHAT_TRY(const auto value, read(setting));
        const std::string names =
            setting.is_secret ? fmt::format("{0} or {0}_FILE", setting.variable)
                              : fmt::format("{} or {}", flag_of(setting.name), setting.variable);
        if (!value || (setting.required && value->empty())) {
            if (!setting.required) return ok();
            return bad_value(fmt::format("{} is required (set {})", setting.name, names));
        }
        const auto assigned = setting.assign(*value);
        if (assigned) return ok();
        return bad_value(
            setting.is_secret ? fmt::format("{} {}", setting.variable, assigned.error().message)
                              : fmt::format("{} '{}' {}", names, *value, assigned.error().message)
        );
    }

    [[nodiscard]] std::set<std::string> variables() const {
        std::set<std::string> declared;
        for (const Setting& setting : settings) {
            declared.insert(setting.variable);
            if (setting.is_secret) declared.insert(setting.variable + "_FILE");
        }
        return declared;
    }

    CLI::App app;
    std::deque<Setting> settings;  // a deque, for the flags' callbacks keep references
    std::deque<Answer> answers;
    std::string secrets_help;
};

Options::Options(std::string program, std::string description)
    : impl_(std::make_unique<Impl>(std::move(program), std::move(description))) {}
Options::~Options() = default;

Options& Options::text(
    std::string_view name, std::string& target, std::string_view help, Presence presence
) {
    Setting& setting = impl_->add(name, presence);
    setting.show = [&target] { return target; };
    setting.assign = [&target](const std::string& value) {
        target = value;
        return ok();
    };
    impl_->add_flag(setting, help, "TEXT");
    return *this;
}

Options& Options::url(std::string_view name, std::string& target, std::string_view help) {
    TECNOCHAT_ASSERT(check_url(target), "a default that the setting itself would refuse");
    Setting& setting = impl_->add(name, Presence::kOptional);
    setting.show = [&target] { return target; };
    setting.assign = [&target](const std::string& value) -> Status {
        TECNOCHAT_CHECK(check_url(value));
        target = value;
        return ok();
    };
    impl_->add_flag(setting, help, "URL");
    return *this;
}

Options& Options::number(
    std::string_view name,
    std::int64_t& target,
    std::int64_t minimum,
    std::int64_t maximum,
    std::string_view help
) {
    TECNOCHAT_ASSERT(minimum <= target && target <= maximum, "a default outside its own limits");
    Setting& setting = impl_->add(name, Presence::kOptional);
    setting.show = [&target] { return fmt::format("{}", target); };
    setting.assign = [=, &target](const std::string& value) -> Status {
        TECNOCHAT_TRY(target, parse_whole(value, minimum, maximum, ""));
        return ok();
    };
    impl_->add_flag(setting, help, fmt::format("{}..{}", minimum, maximum));
    return *this;
}

Options& Options::duration(
    std::string_view name,
    Milliseconds& target,
    Milliseconds minimum,
    Milliseconds maximum,
    std::string_view help
) {
    TECNOCHAT_ASSERT(minimum <= target && target <= maximum, "a default outside its own limits");
    const std::int64_t unit = unit_of(name);
    const std::string_view unit_name = unit == 1 ? " of milliseconds" : " of seconds";
    const std::int64_t least = minimum.count() / unit;
    const std::int64_t most = maximum.count() / unit;
    Setting& setting = impl_->add(name, Presence::kOptional);
    setting.show = [&target, unit] { return fmt::format("{}", target.count() / unit); };
    setting.assign = [=, &target](const std::string& value) -> Status {
        TECNOCHAT_TRY(const std::int64_t count, parse_whole(value, least, most, unit_name));
        target = Milliseconds(count * unit);
        return ok();
    };
    impl_->add_flag(setting, help, fmt::format("{}..{}", least, most));
    return *this;
}

Options& Options::toggle(std::string_view name, bool& target, std::string_view help) {
    Setting& setting = impl_->add(name, Presence::kOptional);
    setting.show = [&target] { return std::string(target ? "on" : "off"); };
    setting.assign = [&target](const std::string& value) -> Status {
        TECNOCHAT_TRY(target, parse_toggle(value));
        return ok();
    };
    impl_->add_flag(setting, help, "on|off");
    return *this;
}

Options& Options::secret(
    std::string_view name, Secret& target, std::string_view help, Presence presence
) {
    Setting& setting = impl_->add(name, presence);
    setting.is_secret = true;
    setting.show = [&target] { return to_string(target); };
    setting.assign = [&target](const std::string& value) {
        target = Secret(value);
        return ok();
    };
    impl_->secrets_help += fmt::format(
        "  {0}, or the file {0}_FILE names\n      {1} [{2}]\n",
        setting.variable,
        help,
        setting.required ? "required"
        : target.empty() ? "default: none"
                         : "default: built in"
    );
    return *this;
}

Options& Options::answer(
    std::string_view name, std::string_view help, std::function<void()> print
) {
    const std::string description(help);  // CLI11 takes an rvalue for a variable to fill
    CLI::Option* option = impl_->app.add_flag(flag_of(name), description);
    impl_->answers.push_back({std::move(print), option});
    return *this;
}

Result<Outcome> Options::parse(int argc, const char* const* argv) {
    if (!impl_->secrets_help.empty()) {
        impl_->app.footer("Secrets (never a flag):\n" + impl_->secrets_help);
    }
    try {
        impl_->app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        fmt::print("{}", impl_->app.help());
        return Outcome::kAnswered;
    } catch (const CLI::ParseError& error) {
        return bad_value(error.what());
    }
    for (const Answer& answer : impl_->answers) {
        if (answer.option->count() == 0) continue;
        answer.print();
        return Outcome::kAnswered;
    }
    TECNOCHAT_CHECK(refuse_unknown_variables(impl_->variables()));
    for (const Setting& setting : impl_->settings) TECNOCHAT_CHECK(impl_->apply(setting));
    return Outcome::kRun;
}

std::string Options::effective() const {
    std::string line;
    for (const Setting& setting : impl_->settings) {
        if (!line.empty()) line += ' ';
        line += setting.name + '=' + setting.show();
    }
    return line;
}

}  // namespace tecnochat::config

#include "topics_file.hpp"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>

namespace tecnochat::provision {
namespace {

constexpr std::int64_t kContentLifetimeMsMax = 24LL * 3600 * 1000;
constexpr std::int64_t kThirtyDaysMs = 30LL * 24 * 3600 * 1000;
constexpr std::int64_t kPartitionsMax = 1000;
constexpr std::int64_t kReplicationMax = 5;
constexpr std::int64_t kMessageBytesMax = 16LL * 1024 * 1024;
constexpr std::size_t kTopicNameMax = 249;  // Kafka's limit

constexpr std::array<std::string_view, 3> kRootKeys{"version", "defaults", "topics"};
constexpr std::array<std::string_view, 5> kSettingKeys{
    "partitions", "replication", "retention_ms", "segment_ms", "max_message_bytes"
};
constexpr std::array<std::string_view, 13> kTopicKeys{
    "partitions",
    "replication",
    "retention_ms",
    "segment_ms",
    "max_message_bytes",
    "name",
    "key",
    "cleanup",
    "data_class",
    "message",
    "producers",
    "consumers",
    "declassifiers"
};
constexpr std::array<std::string_view, 4> kDataClasses{
    "CONTENT", "CALENDAR", "METADATA", "CONTROL"
};
constexpr std::array<std::string_view, 2> kCleanups{"delete", "compact"};

bool contains(std::span<const std::string_view> values, std::string_view value) {
    return std::ranges::find(values, value) != values.end();
}

bool has_only(std::string_view text, std::string_view punctuation) {
    return std::ranges::all_of(text, [&](unsigned char c) {
        return std::islower(c) != 0 || std::isdigit(c) != 0 ||
               punctuation.find(static_cast<char>(c)) != std::string_view::npos;
    });
}

/// The numbers a topic may set and else takes from the defaults.
struct Settings {
    std::int64_t partitions = 0;
    std::int64_t replication = 0;
    std::int64_t retention_ms = 0;
    std::int64_t segment_ms = 0;
    std::int64_t max_message_bytes = 0;
};

class Parser {
 public:
    explicit Parser(std::string_view origin) : origin_(origin) {}

    [[nodiscard]] Result<std::vector<Topic>> parse(const YAML::Node& root) const {
        TECNOCHAT_CHECK(check_keys(root, kRootKeys));
        TECNOCHAT_TRY(const auto version, number(root, "version", 1, 1, std::nullopt));
        static_cast<void>(version);
        TECNOCHAT_TRY(const auto defaults_node, required(root, "defaults"));
        TECNOCHAT_CHECK(check_keys(defaults_node, kSettingKeys));
        TECNOCHAT_TRY(const auto defaults, settings(defaults_node, std::nullopt));
        TECNOCHAT_TRY(const auto list, required(root, "topics"));
        if (!list.IsSequence() || list.size() == 0) {
            return bad(list, "topics must be a list of at least one topic");
        }
        std::vector<Topic> topics;
        for (const auto& node : list) {
            TECNOCHAT_TRY(auto parsed, topic(node, defaults));
            const auto same = [&](const Topic& other) { return other.name == parsed.name; };
            if (std::ranges::any_of(topics, same)) {
                return bad(node, fmt::format("topic {} is listed twice", parsed.name));
            }
            topics.push_back(std::move(parsed));
        }
        return topics;
    }

    [[nodiscard]] Error bad(const YAML::Node& node, std::string_view what) const {
        return bad(node.Mark(), what);
    }

    [[nodiscard]] Error bad(const YAML::Mark& mark, std::string_view what) const {
        return make_error(
            ErrorCode::kInvalidArgument,
            mark.is_null() ? fmt::format("{}: {}", origin_, what)
                           : fmt::format("{}:{}: {}", origin_, mark.line + 1, what)
        );
    }

 private:
    /// A mapping, each key known and there once (yaml-cpp itself takes the first of two).
    Status check_keys(const YAML::Node& node, std::span<const std::string_view> known) const {
        if (!node.IsMap()) return bad(node, "expected a mapping of keys and values");
        std::set<std::string> seen;
        for (const auto& entry : node) {
            const auto& key = entry.first.Scalar();
            if (!contains(known, key)) return bad(entry.first, fmt::format("unknown key {}", key));
            if (!seen.insert(key).second) {
                return bad(entry.first, fmt::format("key {} stands twice", key));
            }
        }
        return ok();
    }

    Result<YAML::Node> required(const YAML::Node& node, const char* key) const {
        const auto value = node[key];
        if (!value.IsDefined() || value.IsNull()) {
            return bad(node, fmt::format("key {} is missing", key));
        }
        return YAML::Node(value);
    }

    Result<std::string> text(const YAML::Node& node, const char* key) const {
        TECNOCHAT_TRY(const auto value, required(node, key));
        if (!value.IsScalar() || value.Scalar().empty()) {
            return bad(value, fmt::format("{} must be a text", key));
        }
        return value.Scalar();
    }

    Result<std::int64_t> number(
        const YAML::Node& node,
        const char* key,
        std::int64_t min,
        std::int64_t max,
        std::optional<std::int64_t> fallback
    ) const {
        const auto value = node[key];
        if (!value.IsDefined() && fallback) return *fallback;
        TECNOCHAT_TRY(const auto present, required(node, key));
        std::int64_t parsed = 0;
        if (!present.IsScalar() || !YAML::convert<std::int64_t>::decode(present, parsed) ||
            parsed < min || parsed > max) {
            return bad(present, fmt::format("{} must be a number from {} to {}", key, min, max));
        }
        return parsed;
    }

    Result<Settings> settings(const YAML::Node& node, std::optional<Settings> base) const {
        const auto or_base = [&](std::int64_t Settings::* member) {
            return base ? std::optional((*base).*member) : std::nullopt;
        };
        const auto read =
            [&](const char* key, std::int64_t min, std::int64_t max, std::int64_t Settings::* member
            ) { return number(node, key, min, max, or_base(member)); };
        using S = Settings;
        S result;
        TECNOCHAT_TRY(result.partitions, read("partitions", 1, kPartitionsMax, &S::partitions));
        TECNOCHAT_TRY(result.replication, read("replication", 1, kReplicationMax, &S::replication));
        TECNOCHAT_TRY(
            result.retention_ms, read("retention_ms", 1, kThirtyDaysMs, &S::retention_ms)
        );
        TECNOCHAT_TRY(result.segment_ms, read("segment_ms", 1, kThirtyDaysMs, &S::segment_ms));
        TECNOCHAT_TRY(
            result.max_message_bytes,
            read("max_message_bytes", 1024, kMessageBytesMax, &S::max_message_bytes)
        );
        return result;
    }

    /// A list of certificate names; an empty list is said as [].
    Result<std::vector<std::string>> principals(const YAML::Node& node, const char* key) const {
        TECNOCHAT_TRY(const auto list, required(node, key));
        if (!list.IsSequence()) return bad(list, fmt::format("{} must be a list", key));
        std::vector<std::string> names;
        for (const auto& entry : list) {
            if (!entry.IsScalar() || entry.Scalar().empty() || !has_only(entry.Scalar(), "-")) {
                return bad(entry, fmt::format("{}: a principal has only a-z, 0-9 and -", key));
            }
            if (std::ranges::find(names, entry.Scalar()) != names.end()) {
                return bad(entry, fmt::format("{}: {} stands twice", key, entry.Scalar()));
            }
            names.push_back(entry.Scalar());
        }
        return names;
    }

    Result<Topic> topic(const YAML::Node& node, const Settings& defaults) const {
        TECNOCHAT_CHECK(check_keys(node, kTopicKeys));
        Topic result;
        TECNOCHAT_TRY(result.name, text(node, "name"));
        if (result.name.size() > kTopicNameMax || !has_only(result.name, ".-")) {
            return bad(node["name"], "a topic name has only a-z, 0-9, . and -");
        }
        // Of these only the generated docs/events.md makes use.
        TECNOCHAT_CHECK(text(node, "key"));
        TECNOCHAT_CHECK(text(node, "message"));
        TECNOCHAT_TRY(const auto numbers, settings(node, defaults));
        result.partitions = static_cast<int>(numbers.partitions);
        result.replication = static_cast<int>(numbers.replication);
        TECNOCHAT_TRY(result.config, config(node, numbers));
        TECNOCHAT_TRY(result.producers, principals(node, "producers"));
        TECNOCHAT_TRY(result.consumers, principals(node, "consumers"));
        TECNOCHAT_CHECK(check_declassifiers(node, result));
        return result;
    }

    Result<std::map<std::string, std::string>> config(
        const YAML::Node& node, const Settings& numbers
    ) const {
        TECNOCHAT_TRY(const auto data_class, text(node, "data_class"));
        if (!contains(kDataClasses, data_class)) {
            return bad(node["data_class"], fmt::format("unknown data class {}", data_class));
        }
        std::string cleanup = "delete";
        if (node["cleanup"].IsDefined()) {
            TECNOCHAT_TRY(cleanup, text(node, "cleanup"));
        }
        if (!contains(kCleanups, cleanup)) {
            return bad(node["cleanup"], "cleanup must be delete or compact");
        }
        const bool is_personal = data_class == "CONTENT" || data_class == "CALENDAR";
        if (is_personal && cleanup != "delete") {
            return bad(node["cleanup"], "content is deleted by time, never compacted");
        }
        if (is_personal && numbers.retention_ms + numbers.segment_ms > kContentLifetimeMsMax) {
            return bad(node, "retention_ms + segment_ms of content must be at most 24 h");
        }
        std::map<std::string, std::string> result{
            {"cleanup.policy", cleanup},
            {"segment.ms", std::to_string(numbers.segment_ms)},
            {"max.message.bytes", std::to_string(numbers.max_message_bytes)},
        };
        if (cleanup == "delete") result["retention.ms"] = std::to_string(numbers.retention_ms);
        return result;
    }

    Status check_declassifiers(const YAML::Node& node, const Topic& topic) const {
        if (!node["declassifiers"].IsDefined()) return ok();
        TECNOCHAT_TRY(const auto names, principals(node, "declassifiers"));
        for (const auto& name : names) {
            if (std::ranges::find(topic.producers, name) == topic.producers.end()) {
                return bad(
                    node["declassifiers"],
                    fmt::format("declassifier {} is no producer of {}", name, topic.name)
                );
            }
        }
        return ok();
    }

    std::string origin_;
};

}  // namespace

Result<std::vector<Topic>> parse_topics(const std::string& text, std::string_view origin) {
    const Parser parser(origin);
    try {
        return parser.parse(YAML::Load(text));
    } catch (const YAML::Exception& error) {
        return parser.bad(error.mark, error.msg);
    }
}

}  // namespace tecnochat::provision

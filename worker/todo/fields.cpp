#include "fields.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "faults.hpp"
#include "text.hpp"

namespace todo {
namespace {

/// The value of a JSON number that is a whole one within 64 bits, however it is written: 1000, 1e3, 1000.0.
/// Exact: no double between.
std::optional<std::int64_t> whole_number(std::string_view text) {
    const std::size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
    std::string_view mantissa = text.substr(0, exponent_at);
    std::int64_t exponent = 0;
    if (exponent_at < text.size()) {
        std::string_view written = text.substr(exponent_at + 1);
        if (written.starts_with('+')) written.remove_prefix(1);
        const auto read = std::from_chars(written.data(), written.data() + written.size(), exponent);
        if (read.ec != std::errc{}) return std::nullopt;
        constexpr std::int64_t kMost = 1'000'000'000;  // more than a body has digits
        exponent = std::clamp(exponent, -kMost, kMost);
    }

    std::string digits;
    if (mantissa.starts_with('-')) {
        digits = "-";
        mantissa.remove_prefix(1);
    }
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    digits += mantissa.substr(0, point);
    if (point < mantissa.size()) {
        digits += mantissa.substr(point + 1);
        exponent -= static_cast<std::int64_t>(mantissa.size() - point - 1);
    }
    if (digits.find_first_not_of("-0") == std::string::npos) return 0;
    for (; digits.back() == '0'; ++exponent) digits.pop_back();
    if (exponent < 0 || exponent > 18) return std::nullopt;
    digits.append(static_cast<std::size_t>(exponent), '0');

    std::int64_t value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (read.ec != std::errc{}) return std::nullopt;
    return value;
}

/// Goes over the members of one body and keeps what they say, and what is wrong with them.
class FieldReader {
public:
    FieldReader(BodyKind kind, const std::optional<Addressee>& addressee) : kind_(kind), addressee_(addressee) {}

    void read(JsonMember&& member) {
        const std::string& name = member.name;
        JsonValue& value = member.value;
        if (name == "title") {
            read_title(value);
        } else if (name == "completed") {
            read_completed(value);
        } else if (name == "order") {
            read_order(value);
        } else if (name == "notes") {
            read_notes(value);
        } else if (name == "id" || name == "url" || name == "created_at" || name == "updated_at" || name == "version") {
            read_read_only(name, value);
        } else {
            fault(name, "There is no field of this name.");
        }
    }

    [[nodiscard]] Patch finish() && {
        if (kind_ == BodyKind::kWhole && !has_title_) fault("title", "A title is required.");
        faults_.throw_if_any();
        return std::move(patch_);
    }

private:
    void fault(std::string_view name, std::string detail) { faults_.add(name, std::move(detail)); }

    void read_title(JsonValue& value) {
        has_title_ = true;
        auto* text = std::get_if<std::string>(&value);
        if (text == nullptr) return fault("title", "The title must be a string.");
        if (is_blank(*text)) return fault("title", "The title must not be blank.");
        if (count_code_points(*text) > kTitleCodePoints) {
            return fault("title", "The title must have at most " + std::to_string(kTitleCodePoints) + " characters.");
        }
        if (has_control_character(*text)) {
            return fault("title", "The title must be one line without control characters.");
        }
        patch_.changes.title = std::move(*text);
    }

    void read_completed(const JsonValue& value) {
        const auto* completed = std::get_if<bool>(&value);
        if (completed == nullptr) return fault("completed", "It must be true or false.");
        patch_.changes.completed = *completed;
    }

    void read_order(const JsonValue& value) {
        if (std::holds_alternative<std::nullptr_t>(value)) {
            patch_.changes.order.emplace(std::nullopt);
            return;
        }
        const auto* number = std::get_if<JsonNumber>(&value);
        const auto order = number == nullptr ? std::nullopt : whole_number(number->text);
        if (!order || *order < -kOrderLimit || *order > kOrderLimit) {
            const std::string limit = std::to_string(kOrderLimit);
            return fault("order", "The order must be a whole number from -" + limit + " to " + limit + ", or null.");
        }
        patch_.changes.order.emplace(order);
    }

    void read_notes(JsonValue& value) {
        if (kind_ == BodyKind::kPatch && std::holds_alternative<std::nullptr_t>(value)) {
            patch_.changes.notes.emplace();
            return;
        }
        auto* text = std::get_if<std::string>(&value);
        if (text == nullptr) return fault("notes", "The notes must be a string.");
        if (count_code_points(*text) > kNotesCodePoints) {
            return fault("notes", "The notes must have at most " + std::to_string(kNotesCodePoints) + " characters.");
        }
        if (has_control_character(*text, "\n\r\t")) {
            return fault("notes", "The notes must have no control characters but line ends and tabs.");
        }
        patch_.changes.notes = std::move(*text);
    }

    void read_read_only(std::string_view name, const JsonValue& value) {
        if (!addressee_) return fault(name, "The service sets it: leave it out.");
        const auto* text = std::get_if<std::string>(&value);
        if (name == "version") return read_version(value);
        if (text == nullptr) return fault(name, "It must be a string; the service sets it: send it back unchanged.");
        if (name == "id") {
            if (Uuid::parse(*text) != addressee_->id.value) fault(name, "It is not the path's id, and cannot change.");
        } else if (name == "url") {
            if (*text != addressee_->url) fault(name, "It is not the todo's own url, and cannot change.");
        } else {
            const std::optional<Timestamp> time = parse_timestamp(*text);
            if (!time) return fault(name, "It must be a time of RFC 3339 in milliseconds, sent back unchanged.");
            (name == "created_at" ? patch_.unchanged.created_at : patch_.unchanged.updated_at) = time;
        }
    }

    void read_version(const JsonValue& value) {
        const auto* number = std::get_if<JsonNumber>(&value);
        const auto version = number == nullptr ? std::nullopt : whole_number(number->text);
        if (!version || *version < 1) {
            return fault("version", "It must be a whole number from 1, sent back unchanged.");
        }
        patch_.unchanged.version = version;
    }

    BodyKind kind_;
    std::optional<Addressee> addressee_;
    Patch patch_;
    Faults faults_;
    bool has_title_ = false;
};

}  // namespace

Patch read_fields(std::vector<JsonMember> members, BodyKind kind, const std::optional<Addressee>& addressee) {
    FieldReader reader{kind, addressee};
    for (JsonMember& member : members) reader.read(std::move(member));
    return std::move(reader).finish();
}

}  // namespace todo

#include "json_object.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include <fcgi_worker/problem.hpp>

#include "faults.hpp"

namespace todo {
namespace {

using boost::json::error_code;
using boost::json::string_view;
using fcgi_worker::Problem;

constexpr std::size_t kMaximumDepth = 16;  ///< A todo needs one; what is deeper can only want the stack.

/// Hears what the parser finds. Keeps the members of the outermost object, checks all the rest and forgets it.
class Document {
public:
    // Names that Boost.JSON looks for. The body is bounded before it comes here; nothing else has to be.
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    static bool on_document_begin(error_code&) { return true; }
    static bool on_document_end(error_code&) { return true; }

    bool on_object_begin(error_code&) {
        if (depth_++ == 0) is_object_ = true;
        names_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, error_code&) {
        names_.pop_back();
        --depth_;
        return keep(JsonContainer{});
    }
    bool on_array_begin(error_code&) {
        if (depth_++ == kOfMembers) list_ = {.is_list_of_texts = true};
        return true;
    }
    bool on_array_end(std::size_t, error_code&) {
        --depth_;
        return keep(depth_ == kOfMembers ? std::exchange(list_, {}) : JsonContainer{});
    }

    bool on_key_part(string_view part, std::size_t, error_code& error) { return take(part, error); }
    bool on_key(string_view rest, std::size_t, error_code& error) {
        if (!take(rest, error)) return false;
        std::string name = std::exchange(text_, {});
        if (!names_.back().insert(name).second) return refuse("the same name twice in one object", error);
        if (depth_ == kOfMembers) members_.push_back({std::move(name), nullptr});
        return true;
    }
    bool on_string_part(string_view part, std::size_t, error_code& error) { return take(part, error); }
    bool on_string(string_view rest, std::size_t, error_code& error) {
        return take(rest, error) && keep(std::exchange(text_, {}));
    }

    bool on_number_part(string_view part, error_code&) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_int64(std::int64_t, string_view rest, error_code& error) { return take_number(0, rest, error); }
    bool on_uint64(std::uint64_t, string_view rest, error_code& error) { return take_number(0, rest, error); }
    bool on_double(double value, string_view rest, error_code& error) { return take_number(value, rest, error); }

    bool on_bool(bool value, error_code&) { return keep(value); }
    bool on_null(error_code&) { return keep(nullptr); }

    static bool on_comment_part(string_view, error_code&) { return true; }
    static bool on_comment(string_view, error_code&) { return true; }

    [[nodiscard]] bool is_object() const { return is_object_; }
    [[nodiscard]] std::vector<JsonMember>& members() { return members_; }
    /// Why this class, not the parser, refused; empty where it did not.
    [[nodiscard]] const std::string& refusal() const { return refusal_; }

private:
    bool refuse(std::string why, error_code& error) {
        refusal_ = std::move(why);
        error = boost::json::error::syntax;
        return false;
    }

    /// PostgreSQL cannot hold U+0000, and C programs end their text there.
    bool take(string_view part, error_code& error) {
        if (part.find('\0') != string_view::npos) return refuse("the character U+0000", error);
        text_.append(part.data(), part.size());
        return true;
    }

    /// `value` is not exact to the last digit, but right about what is too large.
    bool take_number(double value, string_view rest, error_code& error) {
        text_.append(rest.data(), rest.size());
        JsonNumber number{std::exchange(text_, {})};
        if (!std::isfinite(value)) {
            double exact = 0;  // The parser takes 0e400 for no number, and it is one.
            const char* end = number.text.data() + number.text.size();
            if (std::from_chars(number.text.data(), end, exact).ec != std::errc{}) {
                return refuse("a number that is too large", error);
            }
        }
        return keep(std::move(number));
    }

    bool keep(JsonValue&& value) {
        if (depth_ == kOfMembers && is_object_) {
            members_.back().value = std::move(value);
        } else if (depth_ == kOfMembers + 1) {
            if (auto* text = std::get_if<std::string>(&value)) {
                list_.texts.push_back(std::move(*text));
            } else {
                list_.is_list_of_texts = false;
            }
        }
        return true;
    }

    static constexpr std::size_t kOfMembers = 1;  ///< Where the outermost object's members are.

    std::size_t depth_ = 0;
    bool is_object_ = false;
    std::string text_;  ///< Of the name, string or number that is being read.
    std::string refusal_;
    std::vector<std::set<std::string>> names_;  ///< Of each object that is open.
    JsonContainer list_;                        ///< The array that a member is.
    JsonObject members_;
};

/// What it says completes "it is not JSON: ".
class Malformed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

[[noreturn]] void refuse_body(const std::string& why) {
    throw Problem{400, "malformed-json", "Malformed JSON",
                  "The body is not JSON as the service takes it: " + why + "."};
}

std::string at_byte(std::size_t offset) { return " at byte " + std::to_string(offset) + " (the first is 0)"; }

void append_escape(std::string& json, char character) {
    static constexpr std::string_view kHexDigits = "0123456789abcdef";
    if (character == '\n') {
        json += "\\n";
    } else if (character == '"' || character == '\\') {
        json += '\\';
        json += character;
    } else {
        const auto byte = static_cast<std::uint8_t>(character);
        json += "\\u00";
        json += kHexDigits[byte >> 4];
        json += kHexDigits[byte & 0x0F];
    }
}

/// Throws Malformed.
Document read(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) throw Malformed{"a byte order mark" + at_byte(0)};

    boost::json::parse_options options;
    options.max_depth = kMaximumDepth;
    boost::json::basic_parser<Document> parser{options};
    error_code error;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
    Document& document = parser.handler();
    if (error) throw Malformed{(document.refusal().empty() ? error.message() : document.refusal()) + at_byte(read)};
    if (read < text.size()) throw Malformed{"more text behind its end" + at_byte(read)};
    return std::move(document);
}

}  // namespace

JsonObject parse_json_object(std::string_view body) {
    if (body.empty()) refuse_body("it is empty; send an object");
    try {
        Document document = read(body);
        if (document.is_object()) return std::move(document.members());
    } catch (const Malformed& malformed) {
        refuse_body(malformed.what());
    }
    throw invalid_fields({{"", "The body must be an object."}});
}

std::vector<JsonObject> parse_json_objects(std::string_view text, std::string_view name) {
    try {
        (void)read(text);  // Boost's own reader, below, takes a name twice
    } catch (const Malformed& malformed) {
        throw std::runtime_error(std::string{"it is no JSON: "} + malformed.what());
    }
    const boost::json::value whole = boost::json::parse({text.data(), text.size()});
    const auto* object = whole.if_object();
    const auto* member = object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
    const auto* array = member == nullptr ? nullptr : member->if_array();
    if (array == nullptr) throw std::runtime_error("it is no object with an array \"" + std::string{name} + '"');

    std::vector<JsonObject> objects;
    for (const auto& element : *array) {
        if (!element.is_object()) throw std::runtime_error("something in \"" + std::string{name} + "\" is no object");
        const std::string one = boost::json::serialize(element);
        objects.push_back(std::move(read(one).members()));
    }
    return objects;
}

void append_json_string(std::string& json, std::string_view text) {
    const auto needs_escape = [](char character) {
        return character == '"' || character == '\\' || static_cast<std::uint8_t>(character) < 0x20;
    };
    json += '"';
    for (;;) {
        const auto plain =
            static_cast<std::size_t>(std::find_if(text.begin(), text.end(), needs_escape) - text.begin());
        json.append(text, 0, plain);
        if (plain == text.size()) break;
        append_escape(json, text[plain]);
        text.remove_prefix(plain + 1);
    }
    json += '"';
}

}  // namespace todo

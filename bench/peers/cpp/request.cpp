#include "request.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace peer {
namespace {

namespace json = boost::json;

constexpr std::string_view kPath = "/v1/todos";

std::string from_base64url(std::string_view text) {
    std::string padded{text};
    std::replace(padded.begin(), padded.end(), '-', '+');
    std::replace(padded.begin(), padded.end(), '_', '/');
    const std::size_t padding = (4 - padded.size() % 4) % 4;
    padded.append(padding, '=');
    std::string bytes(padded.size() / 4 * 3, '\0');
    const int count =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(padded.data()), static_cast<int>(padded.size()));
    if (count < 0) throw Refusal{401};
    bytes.resize(static_cast<std::size_t>(count) - padding);
    return bytes;
}

std::string hmac_sha256(const std::string& key, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
         text.size(), digest.data(), &size);
    return {digest.begin(), digest.begin() + size};
}

json::object parse_object(const std::string& text, int status) {
    boost::system::error_code error;
    json::value value = json::parse(text, error);
    if (error) throw Refusal{status};
    if (!value.is_object()) throw Refusal{status == 400 ? 422 : status};
    return std::move(value.get_object());
}

bool is_text(const json::object& members, std::string_view name, std::string_view expected) {
    const json::value* value = members.if_contains(name);
    return value != nullptr && value->is_string() && value->get_string() == expected;
}

/// The owner whose token this is: signature, algorithm, end, issuer and audience are verified.
std::string owner_of(std::string_view authorization, const std::string& key) {
    if (authorization.substr(0, 7) != "Bearer ") throw Refusal{401};
    const std::string_view token = authorization.substr(7);
    const std::size_t first = token.find('.'), last = token.rfind('.');
    if (first == last) throw Refusal{401};
    const std::string signature = from_base64url(token.substr(last + 1));
    const std::string expected = hmac_sha256(key, token.substr(0, last));
    if (signature.size() != expected.size() || CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) != 0) {
        throw Refusal{401};
    }
    const json::object head = parse_object(from_base64url(token.substr(0, first)), 401);
    const json::object claims = parse_object(from_base64url(token.substr(first + 1, last - first - 1)), 401);
    const json::value* end = claims.if_contains("exp");
    const json::value* owner = claims.if_contains("sub");
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    if (!is_text(head, "alg", "HS256") || !is_text(claims, "iss", "todo-worker") ||
        !is_text(claims, "aud", "todo-worker") || end == nullptr || !end->is_int64() || end->get_int64() <= now ||
        owner == nullptr || !owner->is_string()) {
        throw Refusal{401};
    }
    return std::string{owner->get_string()};
}

std::string uuid_v7() {
    std::array<unsigned char, 16> bytes{};
    RAND_bytes(bytes.data() + 6, 10);
    const auto now =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    for (unsigned i = 0; i < 6; ++i) bytes[i] = static_cast<unsigned char>(now >> (40 - 8 * i));
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0fU) | 0x70U);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3fU) | 0x80U);
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += "0123456789abcdef"[bytes[i] >> 4U];
        text += "0123456789abcdef"[bytes[i] & 15U];
    }
    return text;
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
    }
    return true;
}

/// In Unicode code points.
std::size_t length(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

Content parse_content(const std::string& body) {
    constexpr std::int64_t kMost = std::int64_t{1} << 53;
    Content content;
    for (const auto& [name, value] : parse_object(body, 400)) {
        if (name == "title" && value.is_string()) {
            content.title = value.get_string().c_str();
            const bool blank = content.title->find_first_not_of(" \t\r\n") == std::string::npos;
            if (blank || length(*content.title) > 1024) throw Refusal{422};
        } else if (name == "completed" && value.is_bool()) {
            content.completed = value.get_bool();
        } else if (name == "order" && (value.is_null() || value.is_int64())) {
            content.sets_order = true;
            if (value.is_int64()) content.order = value.get_int64();
            if (content.order && std::abs(*content.order) > kMost) throw Refusal{422};
        } else if (name == "notes" && value.is_string()) {
            content.notes = value.get_string().c_str();
            if (length(*content.notes) > 8192) throw Refusal{422};
        } else {
            throw Refusal{422};
        }
    }
    return content;
}

std::string url_of(const Todo& todo, const Request& request) {
    return "http://" + request.host + std::string{kPath} + '/' + todo.id;
}

json::object to_json(const Todo& todo, const Request& request) {
    return {{"id", todo.id},
            {"url", url_of(todo, request)},
            {"title", todo.title},
            {"completed", todo.completed},
            {"order", todo.order ? json::value(*todo.order) : json::value(nullptr)},
            {"notes", todo.notes},
            {"created_at", todo.created_at},
            {"updated_at", todo.updated_at},
            {"version", todo.version}};
}

int parse_limit(std::string_view query) {
    if (query.empty()) return 50;
    if (query.substr(0, 6) != "limit=") throw Refusal{400};
    int limit = 0;
    const auto [rest, error] = std::from_chars(query.data() + 6, query.data() + query.size(), limit);
    if (error != std::errc{} || rest != query.data() + query.size() || limit < 1 || limit > 200) throw Refusal{400};
    return limit;
}

Answer answer_all(const Request& request, std::string_view query, const std::string& owner, Store& store) {
    if (request.method == "GET") {
        json::array todos;
        for (const Todo& todo : store.list(owner, parse_limit(query))) todos.push_back(to_json(todo, request));
        return {200, json::serialize(todos), ""};
    }
    if (request.method != "POST") throw Refusal{405};
    const Content content = parse_content(request.body);
    if (!content.title) throw Refusal{422};
    const Todo todo = store.create(owner, uuid_v7(), content);
    return {201, json::serialize(to_json(todo, request)), url_of(todo, request)};
}

Answer answer_one(const Request& request, const std::string& id, const std::string& owner, Store& store) {
    if (!is_uuid(id)) throw Refusal{404};
    if (request.method == "DELETE") {
        if (!store.remove(owner, id)) throw Refusal{404};
        return {204, "", ""};
    }
    std::optional<Todo> todo;
    if (request.method == "GET") {
        todo = store.find(owner, id);
    } else if (request.method == "PATCH") {
        todo = store.change(owner, id, parse_content(request.body));
    } else {
        throw Refusal{405};
    }
    if (!todo) throw Refusal{404};
    return {200, json::serialize(to_json(*todo, request)), ""};
}

}  // namespace

Answer answer(const Request& request, Store& store, const std::string& key) {
    const std::string_view uri = request.uri;
    const std::string_view path = uri.substr(0, uri.find('?'));
    const std::string_view query = path.size() == uri.size() ? "" : uri.substr(path.size() + 1);
    if (path.substr(0, kPath.size()) != kPath) throw Refusal{404};
    const std::string_view rest = path.substr(kPath.size());
    if (!rest.empty() && rest[0] != '/') throw Refusal{404};
    const std::string owner = owner_of(request.authorization, key);
    return rest.empty() ? answer_all(request, query, owner, store)
                        : answer_one(request, std::string{rest.substr(1)}, owner, store);
}

Answer refused(int status) { return {status, R"({"title":"refused","status":)" + std::to_string(status) + '}', ""}; }

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace peer

#include <fcgi_worker/log.hpp>

#include <array>
#include <cmath>
#include <cstdio>

namespace fcgi_worker {

LogField::LogField(std::string_view field_name, double number) : name(field_name), is_number(true) {
    std::array<char, 352> text{};  // the longest double has 309 digits before the point
    std::snprintf(text.data(), text.size(), "%.3f", std::isfinite(number) ? number : 0.0);
    value = text.data();
}

std::string LogEntry::text() const {
    std::string text{message};
    for (const LogField& field : fields) text.append(" ").append(field.name).append("=").append(field.value);
    return text;
}

}  // namespace fcgi_worker

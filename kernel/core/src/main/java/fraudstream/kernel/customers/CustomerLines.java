package fraudstream.kernel.customers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads the lines of a file of customers into texts by column: a JSON object each, or CSV whose first
 * line has the names. Unknown columns are ignored.
 */
final class CustomerLines {
  static final String CUSTOMER_ID = "customer_id";

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  private static final char QUOTE = '"';

  private final boolean isCsv;
  private List<String> header;

  CustomerLines(boolean isCsv) {
    this.isCsv = isCsv;
  }

  /**
   * The texts of a line by column, an absent one missing; null for a blank line and for the header.
   *
   * @throws IllegalArgumentException if the line is invalid; the message says how to correct it
   */
  Map<String, String> read(String line) {
    if (line.isBlank()) {
      return null;
    }
    if (!isCsv) {
      return ofJson(line);
    }
    List<String> cells = cells(line);
    if (header == null) {
      if (!cells.contains(CUSTOMER_ID)) {
        throw new IllegalArgumentException(
            "the first line has no column customer_id; name the columns there");
      }
      header = cells;
      return null;
    }
    return ofCells(cells);
  }

  private Map<String, String> ofCells(List<String> cells) {
    if (cells.size() != header.size()) {
      throw new IllegalArgumentException(
          cells.size() + " cells, but the first line has " + header.size() + "; give as many");
    }
    Map<String, String> texts = new TreeMap<>();
    for (int place = 0; place < cells.size(); place++) {
      if (texts.put(header.get(place), cells.get(place)) != null) {
        throw new IllegalArgumentException(
            "the column " + header.get(place) + " is there twice; remove one of them");
      }
    }
    return texts;
  }

  private static Map<String, String> ofJson(String line) {
    JsonNode object;
    try {
      object = JSON.readTree(line);
    } catch (JsonProcessingException problem) {
      throw new IllegalArgumentException(
          "not JSON (" + problem.getOriginalMessage() + "); write one object a line");
    }
    if (!object.isObject()) {
      throw new IllegalArgumentException("not a JSON object; write one object a line");
    }
    Map<String, String> texts = new TreeMap<>();
    for (String name :
        List.of(CUSTOMER_ID, CustomerRow.SEGMENT, CustomerRow.KYC_LEVEL, CustomerRow.CUSTOMER_SINCE)) {
      JsonNode value = object.path(name);
      boolean isText = value.isTextual() || name.equals(CustomerRow.KYC_LEVEL) && value.isInt();
      if (isText) {
        texts.put(name, value.asText());
      } else if (!value.isMissingNode() && !value.isNull()) {
        throw new IllegalArgumentException(name + " is " + value + "; it must be a text");
      }
    }
    return texts;
  }

  /** The cells of a CSV line, without blanks around them; a quoted one may contain commas. */
  private static List<String> cells(String line) {
    List<String> cells = new ArrayList<>();
    int at = 0;
    while (true) {
      while (at < line.length() && line.charAt(at) == ' ') {
        at++;
      }
      StringBuilder cell = new StringBuilder();
      at =
          at < line.length() && line.charAt(at) == QUOTE
              ? quoted(line, at + 1, cell)
              : plain(line, at, cell);
      cells.add(cell.toString());
      if (at == line.length()) {
        return cells;
      }
      at++;
    }
  }

  private static int plain(String line, int from, StringBuilder cell) {
    int comma = line.indexOf(',', from);
    int end = comma < 0 ? line.length() : comma;
    cell.append(line.substring(from, end).stripTrailing());
    return end;
  }

  /** Reads from behind the first quote; returns the place of the comma, or the end of the line. */
  private static int quoted(String line, int from, StringBuilder cell) {
    int at = from;
    while (at < line.length()) {
      char each = line.charAt(at++);
      if (each != QUOTE) {
        cell.append(each);
      } else if (at < line.length() && line.charAt(at) == QUOTE) {
        cell.append(QUOTE);
        at++;
      } else if (at == line.length() || line.charAt(at) == ',') {
        return at;
      } else {
        break;
      }
    }
    throw new IllegalArgumentException(
        "a quote is not closed, or text follows it; close it before the comma");
  }
}
